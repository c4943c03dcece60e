# What is wrong with a field that a person filled in.

field-required = This is required.
field-too-long = This takes at most { $most } characters.
field-unprintable = This holds characters that cannot be shown.

title-without-words = Describe the job in words.

price-too-low = The price must be above zero.
price-too-high = The price is too high.
extra-price-missing = Name the price of the extra work.
extra-price-unexpected = Only more work has a price.
time-out-of-range = The time must lie between 1970 and 9999.
time-backwards = The end must be after the start.
time-is-past = The start must lie ahead.
time-unchanged = The order has this time already.

checklist-wrong = This takes at most twenty answers, each to another question.
signature-too-large = The signature has too many strokes, or leaves its field.
job-photos-wrong = An order takes at most four photos, each once and of at most 5 MB.
photos-wrong = This takes at most eight photos, each once and of at most 5 MB.
photo-wrong = A photo has at most 5 MB.

offer-providers = Choose one to { $most } providers, each once.
offer-until = The end of the offer must lie 5 minutes to 72 hours ahead.
