"""LwM2M's data model and payloads, for both ends of the air. Pure; it knows no CoAP message.

    payload + content format + path               links of a registration or a discover answer
                 |                                               |
              content                                          links
        text, opaque |  TLV |  JSON                              |
          values    tlv    records                           Announced
                 |                                               |
              Item(path, value)  <---- types ---- registry     Path

- `model`: `Path` (up to four parts: a resource may have instances), `Value`, `Item`, the numbers of
  the content formats, and `ContentError`, the one error for whatever cannot be read or written.
- `values`: the data types, each as TLV content and as text.
- `tlv`, `records` (JSON), `links`: one wire form each, without knowledge of types or shapes.
- `content`: a payload for a path as items, and back. The only place that knows which shapes of TLV
  clients use, so that server and client see items only.
- `registry`: names and types from OMA's registry, `objects.json`.
- `attributes`: pmin, pmax, gt, lt and st, as Uri-Query options and as the decision to notify.

Where types come from. A payload of TLV has no types, so `content` asks a function for the type of
each resource. The platform gives `registry.type_of`: what is not in the registry stays bytes, as
OneNET shows it. The module gives the types that the host declared, or none. Without a type, a value
is written by its natural type: int as Integer, float as Float, str as String, bytes as they are.

What callers may rely on:

- Input is hostile: `content.decode`, `links.parse` and `Attributes.changed` raise `ContentError`
  (`UnsupportedFormat` is one) and nothing else. TLV is at most three levels deep; items and links
  are bounded in number; the size of a payload is bounded by the one that received it.
- What was read can be written again in every format that holds it.
- Items are in the order of the payload; of two values for one resource the last counts, in JSON the
  newest.
- A float of four bytes is read as its shortest decimal, and written in four bytes again: 20.123
  stays 20.123 through module, air and platform.
- Ids and lengths are written in their shortest form; longer ones are read.

A further content format is a file beside `records` and a line in `content`; a further data type is
a line in each function of `values`.
"""
