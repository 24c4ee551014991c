"""One OneNET device on one module: registered, reporting, answering requests, recovering.

    calls of the program                     lines of the module

    create, destroy    Lifecycle             Link: lines, restarts, losses of the port
    add_resource       Provisioning            |
    connect, close     Registration            v
    notify             Holding, Outbox       Dispatch, with Dialect.parse
           |                                   +-- outcome ----------> Registration
           | commands of the Dialect           +-- request ----------> Requests, RequestHandler
           v                                   |                         |        -> callback
      Link.execute  <--- answer ---------------|-------------------------+
           ^                                   +-- acknowledgement --> Outbox
           +------- configuration, login ------+-- restart, loss ----> RecoveryPolicy
                                                                       Restoration, Renewal

State. `Registration.state` follows the table `m5310.states.DEVICE`; nothing else remembers whether
the device is registered. What the program or a part begins must be legal (`begin`, StateError).
What the module reports has happened: `apply` takes it if the table has a row, and ignores it
otherwise. Each applied event goes to `Dispatch`, which opens, holds or stops the outbox.

Language. A device speaks through `Language.dialect`, which passes each use to the dialect that is
spoken now. The classic one is tried first, and a module that takes its configuration is asked
nothing. One that refuses it, and the logout and the deletion, is asked what it is; if it knows the
version of its suite, its profile is looked up and the suite is spoken from then on, also after a
restart. A program that names the module or the dialect overrules this.

A login, update or logout has two results: the command's `OK`, and the outcome in a later line.
`outcomes.expect` comes before the command, since the line may precede the `OK`.

Network. A module without a network refuses the login. `connect` then attaches it (`Module.attach`)
in the time that is left, with an event `Searching` for each poll, and logs in again; the state is
REG_PENDING all the while. A restart, a loss, a logout and a cancellation end the search at once.

Waits. None is longer than what it waits for can last: an update ends with the lifetime, a logout
during a login is tried at once, and the line with the outcome proves an `OK` that was lost. After
`TOLD_AFTER` s of a wait the program gets the event `Waiting`. A command that deletes or ends
something is repeated (`undo_all`), since the line may have damaged it. A module that refuses the
configuration, the logout and the deletion is asked what it is (`m5310.module.banner`).

Order. All tasks begin in a later round of the loop (`m5310.at.tasks.begin`), also if the program
has asked for eager tasks, and events come after the state has changed: no step depends on when a
task first runs.

A report. `Outbox.send` checks all values, splits them by object instance into portions and queues
them. One task sends them in order. `OK` for all portions: ACCEPTED. With an acknowledgement each
portion has an ackid; the report is ACKNOWLEDGED when all came. An overdue or refused portion is
sent again after an update has confirmed the registration, up to `ATTEMPTS` times. Lines of two
reports never mix: a half-sent report is closed before the next one. A logout ends the wait for
acknowledgements: the report fails, as one that may have arrived.

A removed resource. Its reports fail before its instance is deleted. The platform learns it by an
update: at once, after a renewal under way, or with the next one (`objects_changed`).

A request. `Dispatch` parses the line and `Requests.receive` queues it, with its deadline. One task
answers in order: `RequestHandler` calls the callback (coroutines on the loop, functions in a
thread) and returns the commands of the answer, or of a refusal. The platform repeats an unanswered
request: a repeat with the same msgid and path gets the same answer, without a second call.

Fetched requests. A module that buffers requests reports one (`OperationWaiting`). `Requests.fetch`
queues the line that fetches it, and queues that again after each answer; the last one brings none.

Firmware of the host. With a `Firmware`, requests to objects 3 and 5 that belong to an update of the
host's own program are answered by `FirmwareObjects`, through the same queue: all others to these
objects are the module's.

Without the program. Where the host must answer observes, discovers and attributes, `Dispatch` asks
the dialect for the answer and `Requests.reply` queues it with the others. A report waits until the
platform observes its object instance after a login, at most `OBSERVE_WITHIN` s from one observe to
the next. Attributes go to `Holding`, which keeps back reports that they do not ask for, if the
program wants that (`honour_attributes`).

A module whose uplink is busy gets the same report again after `BUSY_WAIT`, without a question to
the platform. One that gave a report up has it sent again, as an overdue one.

A restart of the module or loss of the port ends the session (`Link.session`). Calls that wait raise
ModemReset or PortError. Requests are dropped, unacknowledged reports return to the queue, and
`Restoration` tries again and again, with growing waits: open the port, configure, declare each
resource with its present value, log in if the device was logged in. Then the outbox waits until
the platform observes again, and sends. The same happens from the login on after a failed renewal,
or a logout that the program did not ask for. `close` and `destroy` suspend the recovery first.

Invariants:
- Each call ends: with its result, an M5310Error, or the caller's cancellation. A cancellation never
  leaves a command half sent or the state unknown.
- A report ends in ACCEPTED, ACKNOWLEDGED, HELD or FAILED, once; while the device is RESTORING it is
  QUEUED. It may reach the platform twice if an acknowledgement was lost.
- Without requests, reports and renewals no task and no timer runs, except during a recovery.
- After `destroy` the module holds nothing of the device, as far as it obeys.
- No command is named here: a device speaks through its dialect, its module and its link.
"""
