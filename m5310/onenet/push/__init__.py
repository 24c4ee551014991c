"""What OneNET pushes to an application: checked, decrypted and typed (guide 4.1, 4.2).

    GET  ?msg=&nonce=&signature= ---- Receiver.verify ----------------------------> text: msg
    POST {"msg":...} or {"enc_msg":...} with "msg_signature" and "nonce"
          |
    envelope.py   the text of `msg` as received; its signature
    encryption.py AES-256-CBC, the current and the previous key
    messages.py   Point, Online, CommandResult, Unknown
          |
    receiver.py   Receiver: the three together, for any framework
    handler.py    the shell: a handler for aiohttp

The order is fixed: size, form, signature, and only then decryption and content. So somebody who
does not know the token learns nothing about the key, and cannot make the application do anything.

What is signed is the text of `msg` exactly as it was received, sliced out of the body. The kits of
OneNET write the parsed message again as text and check that; a text that differs from the one
received is then the rule of a JSON library, not of OneNET. This kit never writes it again.

A message with a good signature is never refused for its content: refused messages are pushed again
and again, and after 2000 failures OneNET stops. What has no known form becomes `Unknown` and is
kept whole.
"""
