"""OneNET data as the host sees it: paths, resources with access rights, and typed values.

A value is checked when it is set, by encoding it: what a resource holds can be sent. The exception
is a text that the platform wrote, which may contain a quote and is then readable by the program
only. Ids are those of LwM2M (0..65535); the six value types are OneNET's.
"""
