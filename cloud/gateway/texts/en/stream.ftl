# What a page hears that opens one stream too many.

streams-of-one = One person may have { $most } streams here at once.
streams-of-all = Too many pages listen here at once. Try again in some seconds.
