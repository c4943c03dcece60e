# What a caller hears who asks too often.

at-most-a-minute = At most { $most } a minute. Try again in { $seconds } s.
at-most-a-minute-in-all = At most { $most } requests a minute in all. Try again in { $seconds } s.
