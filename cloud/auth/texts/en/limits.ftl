# What somebody hears who tries too often before they are signed in.

sign-ins-of-name = At most { $most } sign-ins a minute under one name. Try again in { $seconds } s.
sign-ins-elsewhere = From one address at most { $most } sign-ins a minute can come back from other services. Try again in { $seconds } s.
registrations-of-address = From one address at most { $most } accounts a day can be made. Ask the operator if you are many.
