"""The AT conversation with a module, over any line. Knows no command by name.

    callers     execute(command)             listeners: on_line, on_lost
                      |                                ^
    modem       queue, futures, timer, port            |  asyncio
    ------------------|--------------------------------|-----------------
    engine      submit, tick           events: Answer, Refused, TimedOut,     pure: bytes and
                      |                  Unsolicited, UnexpectedResult, ...   time in, events out
                  outgoing()                receive(bytes)
                      |        lines, outstanding,     ^
                      v        resync, wakeup          |
                 ---------------- serial line ------------------

Beside these: `codec` (command lines, answers, final results), `table` (how other folders declare
their commands), `announced` (texts whose length the line gives), `line_stream` (unsolicited lines
as an async iterator), `tasks` (work that no cancellation may interrupt, outcomes that a later line
brings), `events` (with the counters). A command that is not written yet can be taken back.

Who owns a line. The module writes three kinds of lines (V.250 5.7): information responses, final
result codes and unsolicited result codes. Nothing on the wire says to which command one belongs,
so the engine decides, with one command outstanding at a time:

- A final result ends the outstanding command, unless it is an `OK` and a response that the
  command requires has not come yet.
- A line that matches, as a whole, a response that the outstanding command declared, or is its
  echo, belongs to the command.
- Every other line is unsolicited, at any time, also in the middle of an answer.

States (`m5310.states.CONVERSATION`):

    IDLE --command--> BUSY --result--> IDLE
      | may be asleep   | timeout
      +-----> LOST <----+<--- at the start; after a restart, from any state
                | a command is held: write AT
                v
             PROBING --OK--> SETTLING --nothing more came--> IDLE

Probing. After a timeout the final result of the old command may still come, and would end the
next one. So the conversation is lost: before the next command the engine writes `AT` each second
until one is answered, then waits until as many results came as are owed, or long enough that none
can follow (`resync`). At the start it does the same, since an earlier program may have left half
a line in the module.

Wake-up. A sleeping UART loses the first bytes it receives. After some seconds of silence, or a
reported sleep, the engine writes blanks and `AT` first, and the command once that is answered
(`wakeup`). A command that fell into sleep is written a second time: if it is repeatable and got
no answer, or if the module refused the rest of it.

What callers may rely on: each command ends exactly once, with its answer, a refusal, a timeout,
or an error for the restart or the lost port; every unsolicited line reaches every listener, in
order; memory is bounded whatever the module sends (line length, lines of one answer).
"""
