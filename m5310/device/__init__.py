"""A device on OneNET: declared, logged in, reporting, serving requests, kept up."""
