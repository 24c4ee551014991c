"""One running emulator: modules, air and cloud stepped together, by one clock.

    host bytes       datagrams        HTTP calls     tests, scenarios, other threads
        |                |                |                       |
     Board            Internet         HttpApi         change a part, between two
        +----------------+----------------+                       |
                         |                                        |
         Scheduler.input(call, flush)                     Scheduler.settle
                         |                                        |
                         +------------- a timer for --------------+
                         |            the next deadline
              Simulation.step(now)                                               pure
                         |     module <--> air <--> Misbehaviour <--> Server
                         v
        outputs: Board.flush -> Line.send, Internet.send

An input is anything that comes from outside. `Scheduler.input` reads the clock once. Then it

1. catches up: does everything that was due before the input,
2. calls `call(now)`, which acts on one part: a module receives bytes, the platform sends a request,
3. runs: steps the simulation until nothing more happens at `now`, and sets the timer,
4. flushes: each board whose module was stepped sends what the module has for its host.

The timer does 3 and 4. So what was due first happens first, even if the timer fires late, and all
clocks give the same order: real, scaled, virtual and eager.

Deadlines. A part (module, misbehaviour, server) returns its next deadline from `step`, and calls
`on_change` if anything else may have changed it. `Simulation.step(now)` goes from deadline to
deadline up to `now`. At each it steps the parts that are due or have changed, in the order of their
adding, then delivers the datagrams that arrive in the air, and repeats both until there is nothing
more. How often `step` is called makes no difference to what happens and when.

Cost. A heap holds the next deadline of each part, and only due or changed parts are stepped. An
idle module costs nothing, so there may be thousands.

Who may call from where. Everything runs in one thread, that of the event loop; only `remote` and
`loop_thread` may be used from others. Parts act on each other by datagrams through the air only.
Code that changes a part directly (`radio.coverage = ...`) calls `Emulator.settle` before and after
it, so that all parts have the same time. Without the second call, a timer does it soon.
Callbacks (`flush`, `trace`, `on_done`) are called within a run: they neither call
`input` or `settle` nor wait.

Addresses. `Simulation.open` attaches the server and each module to the air, and leads OneNET's
addresses (and further ones) to the server, or to another one that takes its place. What comes in by
a socket of the UDP air is an input like any other: `UdpAir` calls `Scheduler.input`. A clock that
stands still or jumps looks at the sockets before it moves.

Files: `simulation` the parts and their deadlines; `scheduler` runs it by a clock; `board` a module
with its line and its internet; `internet` the UDP sockets of this machine; `bench` what scenarios
and the page know of an emulator; `air_watch` trace and capture of the air; `fleet` the numbers and
links of several modules; `cloud` the sides that applications see; `kept` the database and what it
knows of the devices; `loop_thread` and `remote` the emulator in its own thread; `parameters` what
callers give, checked with `checks`.

A new parameter is a field of `Parameters`, with its place in the documentation there. The part that
needs it takes it from there (`BoardConfig.of`, `module_of`, `Ways.of`, `Applications.of`,
`open_platform`); `emulator.cli.options` has an option for it.
"""
