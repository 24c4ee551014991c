"""The classic dialect, of first-generation modules: AT+MIPLCONF, AT+MIPLOPEN, AT+MIPLNOTIFY, ...

Its sources are the OneNET access guide (5.1, 5.2) and host programs for the module.
"""
