# What is wrong with a field that a person filled in.

field-required = This is required.
field-too-long = This takes at most { $most } characters.
field-unprintable = This holds characters that cannot be shown.

price-too-low = The price must be above zero.
price-too-high = The price is too high.
time-out-of-range = The time must lie between 1970 and 9999.
time-backwards = The end must be after the start.

checklist-wrong = This takes at most twenty answers, each to another question.
signature-too-large = The signature has too many strokes, or leaves its field.
photos-wrong = This takes at most eight photos, each once and of at most 5 MB.
