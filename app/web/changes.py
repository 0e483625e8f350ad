"""What Pipit changes in the scripts of tinode-webapp 0.25.3, as exact replacements.

Every `old` occurs exactly once in the scripts that are shipped; the build fails if one does not,
so a new version of the package cannot silently lose a change. `{{name}}` stands for the address
of an asset.
"""

from typing import NamedTuple


class Change(NamedTuple):
    """`old` becomes `new`; `what` that is, or why."""

    what: str
    old: str
    new: str


NAME_AND_ICON = (
    Change("our name in the window's title", ')+"Tinode"}', ')+"Pipit"}'),
    Change("our name on the start page", 'children:"Tinode Web"', 'children:"Pipit"'),
    Change("our icon on the start page", '"img/logo.svg"', '"{{pipit.svg}}"'),
    Change(
        "our icon in the window's tab, with a dot for unread messages",
        '"img/logo32x32"+(e>0?"a":"")+".png"',
        'e>0?"{{pipit-32-unread.png}}":"{{pipit-32.png}}"',
    ),
)

START_PAGE = (
    Change(
        "no version of the client on the start page: it stands in the settings, under Support",
        '(0,h.jsxs)("p",{children:[(0,h.jsx)(n.FormattedMessage,{id:"label_client"',
        '!1&&(0,h.jsxs)("p",{children:[(0,h.jsx)(n.FormattedMessage,{id:"label_client"',
    ),
    Change(
        "nor of the server, which was “no connection” until one signed in",
        '(0,h.jsxs)("p",{children:[(0,h.jsx)(n.FormattedMessage,{id:"label_server"',
        '!1&&(0,h.jsxs)("p",{children:[(0,h.jsx)(n.FormattedMessage,{id:"label_server"',
    ),
)

NO_OTHER_SITES = (
    Change(
        "the server is the one that served the page, under the name localhost too",
        '{hosted:"web.tinode.co",local:"localhost:6060"}',
        "{hosted:location.host,local:location.host}",
    ),
    Change(
        "the icon on the start page leads to it, not to the source of another server",
        'href:"https://github.com/tinode/chat/"',
        'href:"/"',
    ),
    Change(
        "no mail to the makers of tinode-webapp, who give no support for this place",
        '[(0,js.jsxs)("a",{href:ks.fi,',
        '[!1&&(0,js.jsxs)("a",{href:ks.fi,',
    ),
    Change(
        "no terms of service of another place",
        ',(0,js.jsxs)("a",{href:ks.V9,',
        ',!1&&(0,js.jsxs)("a",{href:ks.V9,',
    ),
    Change(
        "the licences instead of another place's privacy policy",
        '"https://tinode.co/privacy.html"',
        '"/licenses.txt"',
    ),
    Change(
        "no switch for push notifications, which would need Google's servers",
        '(0,js.jsxs)("div",{className:"panel-form-row",'
        'children:[(0,js.jsx)("label",{htmlFor:"desktop-alerts",',
        '!1&&(0,js.jsxs)("div",{className:"panel-form-row",'
        'children:[(0,js.jsx)("label",{htmlFor:"desktop-alerts",',
    ),
)

FAULTS = (
    Change(
        "signing up asked for an e-mail address also where the server wants none",
        ',onChange:this.handleFnChange,required:!0})})}),"email"==this.props.reqCredMethod?',
        ",onChange:this.handleFnChange,required:!0})})}),"
        '(this.props.tinode.getServerParam("reqCred",{}).auth||[]).includes("email")?',
    ),
    Change(
        "the first message to a person never showed as received or read until a reload,"
        " because the members of the new chat were not fetched",
        "const s=e.subscribe().then(",
        "const s=e.subscribe(e.startMetaQuery().withDesc().withSub().build()).then(",
    ),
    Change(
        "nor did older messages: they come newest first, and each set back to its own number"
        " what its sender had read",
        "t&&(t[e.what]=e.seq,",
        "t&&(t[e.what]=Math.max(t[e.what]||0,e.seq),",
    ),
    Change(
        "an error in the console when somebody unknown starts a chat: there is no contact yet",
        'tnMeContactUpdate(e,t){if("on"==e',
        'tnMeContactUpdate(e,t){if(t)if("on"==e',
    ),
    Change(
        "a chat could stay empty after a reload: if one's access to it became known while"
        " subscribing, its messages were never asked for",
        "e.subscribe(s.build(),i).then(t=>{",
        'const asked=s.extract("data");e.subscribe(s.build(),i).then(t=>{'
        "!asked&&this.state.isReader&&e.isSubscribed()"
        "&&e.getMeta(e.startMetaQuery().withLaterData(24).withLaterDel().build());",
    ),
    Change(
        "or they were asked for all at once, not by the page",
        "s.getMeta(s.startMetaQuery().withLaterData().build())",
        "s.getMeta(s.startMetaQuery().withLaterData(24).build())",
    ),
    Change(
        "an exception when a message comes that is in the browser's store already",
        'i.objectStore("message").add(',
        'i.objectStore("message").put(',
    ),
    Change(
        "or when one is deleted that was deleted before",
        's.forEach(s=>r.objectStore("dellog").add(',
        's.forEach(s=>r.objectStore("dellog").put(',
    ),
    Change(
        "the page hung for many seconds when scrolled after sending: a message gets a number near"
        " 2^28 until the server gives it one, and all numbers up to it were gone through",
        "this.chatMessageRefs.every((a,n)=>{",
        "Object.entries(this.chatMessageRefs).every(([n,a])=>{",
    ),
    Change(
        "a new contact was subscribed anew with fewer rights after a lost connection: without the"
        " one to delete for all",
        "this.props.newTopicParams._topicName==this.props.topic;let s=e.startMetaQuery()",
        "this.props.newTopicParams._topicName==this.props.topic&&e._new;let s=e.startMetaQuery()",
    ),
    Change(
        "somebody added to a group was “Not found” until a reload",
        "i.invite(e,null).catch(",
        "i.invite(e,null).then(()=>i.getMeta(i.startMetaQuery().withOneSub(void 0,e).build()))"
        ".catch(",
    ),
    Change(
        "and was nameless in quotes, as all new contacts were",
        "this._tinode._db.updUser(this.name,e.public)",
        "e.public&&this._updateCachedUser(this.name,{user:this.name,public:e.public}),"
        "this._tinode._db.updUser(this.name,e.public)",
    ),
    Change(
        "a picture that was uploaded lost its name",
        "const l=r.upload(t);",
        'const l=r.upload(new File([t],n||"",{type:t.type}));',
    ),
    Change(
        "every packet was written to the browser's console, messages and password too",
        "o.enableLogging(!0,!0)",
        "o.enableLogging(!1)",
    ),
)

HASHED_NAMES = (
    Change("wallpapers lie with the other assets", 'path:"img/bkg/"', 'path:"assets/"'),
    Change("so do the scripts that are loaded later", 'o.p="/umd/"', 'o.p="/assets/"'),
    Change(
        "which have names with a hash: CHUNK_NAMES becomes a table of them",
        'o.u=function(e){return e+".prod.js"}',
        "o.u=function(e){return(CHUNK_NAMES)[e]}",
    ),
)

CHANGES = (*NAME_AND_ICON, *START_PAGE, *NO_OTHER_SITES, *FAULTS, *HASHED_NAMES)
