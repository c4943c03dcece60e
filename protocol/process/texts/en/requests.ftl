# Why a request cannot be read.

page-limit = Give a number from 1 to { $most }.
page-cursor = Use the `next` of the page before this one.
idempotency-key-too-long = Send one key of 1 to 255 characters.
one-host = Send one `Host` header that names where the request goes.

body-not-json-type = Send JSON, with `Content-Type: application/json`.
body-no-object = Send a JSON object.
body-not-json = This is not JSON: line { $line }, column { $column }.

field-missing = This field is required.
field-unknown = This field is not known here.
field-none-of = `{ $wrong }` is none of: { $known }.
# What is expected is named in the English words of the program that reads it.
field-of-other-type = This must be { $expected }.
field-invalid = { $why }

list-separator = { ", " }
