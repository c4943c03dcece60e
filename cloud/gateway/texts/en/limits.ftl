# What a caller hears who asks too often.

at-most-a-minute = At most { $most } a minute. Try again in { $seconds } s.
