"""Events for modules: what happened, told after it was committed."""
