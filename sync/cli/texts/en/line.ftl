# The command line: what is wrong with one, and the headings of its help. In English `clap` says what is
# under `mistake` and `help` in its own words; those stand here for translators.

expected-address = expected an address such as http://127.0.0.1:8080
expected-region = expected NORTH, SOUTH, EAST, WEST or MID
expected-edge = expected a name such as north-1: small letters, digits and hyphens
expected-id = expected an id such as 0192f5d4-0000-7000-8000-000000000003
expected-moment = expected a time such as 2026-11-22T14:00Z, or a while ago such as 2h
expected-policy = expected optimistic or exclusive
expected-cursor = expected the cursor at the end of the page before
expected-condition = expected one of: links-up, synced, synced=REGION, drained, order=ID:STATUS
expected-condition-region = expected synced=REGION with NORTH, SOUTH, EAST, WEST or MID
expected-condition-status = expected order=ID:STATUS with one of: { $statuses }
expected-range = expected a whole number from { $from } to { $to }
expected-number = expected a whole number
# Between the values of a list that is to choose from.
choice-separator = {", "}

mistake-no-value = `{ $arg }` has no value
mistake-value = the value `{ $value }` of `{ $arg }` is not valid
mistake-value-why = the value `{ $value }` of `{ $arg }` is not valid: { $why }
mistake-not-one-of = the value `{ $value }` of `{ $arg }` is not valid: expected { $known }
mistake-unknown-argument = `{ $arg }` is not expected
mistake-unknown-command = there is no command `{ $name }`
mistake-missing = { $arg } is missing
mistake-missing-command = a command is missing
mistake-conflict = `{ $arg }` cannot be used with other arguments, or only once
mistake-suggestion = did you mean { $name }?
mistake-help = `--help` tells more

help-usage = { "Usage: " }
help-commands = Commands
help-arguments = Arguments
help-options = Options
help-help = Print help
help-command = Print this message or the help of a command
help-version = Print version
