"""Many gateways: who owns which topic, the links between gateways, what travels over them."""
