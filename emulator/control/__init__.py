"""The emulator's page: what it shows, and how it acts on a running emulator.

    browser: page/*.html, *.css, *.js    files, served without a key (`static`)
        |    calls of OneNET and of /emulator/..., key in a header
        v
    HttpApi (emulator.onenet.http): one listener, one gate, one table of routes
        |
    site.routes of `calls/<subject>`  --->  Control  --->  Bench: boards, platform, air, clock

`control.Control` is what all calls share. A call is written as those of OneNET are
(`emulator.onenet.http`), with `Control` as its first argument; `calls/<subject>.routes(control)`
gives the routes of a subject, and `site.site` has the list of subjects. So `/openapi.json` has
them, and their parameters are checked in one place. All need the key of the product. Those that
change a part directly call `Control.change`, which settles before and after it. `members` describes
and checks the bodies; `snapshot` shows a module, `shown` what calls and stream have in common.

Traffic. `watch` leads the bytes of all lines, their notes and the datagrams of the air into one
ring (`traffic`), bounded by pieces and by bytes: that is all that happens on their way. Each viewer
has its own place in it (`viewer`), and its own texts, made when it reads: those of a trace. Who is
too slow finds that the ring has gone on, and is told how much it lost. `stream` sends events to
viewers, and waits for those that do not take them; it makes texts for 1 ms at a time, and at most
for half of the time, so that no viewer holds a line. `downloads` makes files of the ring.

`static` serves the files of `page/` from a table that is made at the start. `explainers` asks
other packages for words of AT lines (entry point group `emulator.explain`); those of CoAP messages
are in `page/coap_words.js`.

A new call: a function `async def show(control: Control, call: Call) -> Answer` in
`calls/<subject>.py`, and its `Route` there; the section is `CONTROL`. A new subject also stands in
`site._SUBJECTS`.
"""
