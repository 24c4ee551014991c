"""The commands that have nothing to do with OneNET, one file for each subject.

Each class has `COMMANDS`, its part of the command table. They read the radio, and some change it.
"""
