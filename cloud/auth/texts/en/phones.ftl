# Signing in by a code that a phone is sent.

code-message = Holdfast: { $code } is your code. It is good for { $minutes } minutes. Do not share it.
phone-needs = A phone number such as +86 138 0013 8000. Without + it is a number of this country.
phone-countries = Codes are sent to ordinary mobile phones of these countries alone: { $countries }.
code-needs = The six digits of the message.
tries-left = { $count ->
    [0] That was the last try. Ask for a new code.
    [one] You have one more try.
   *[other] You have { $count } more tries.
}
codes-of-phone = At most { $most } codes an hour are sent to one number. Try again in { $minutes } min, or sign in by your password.
codes-of-address = From one address at most { $most } codes an hour are sent. Try again in { $minutes } min, or sign in by your password.
codes-of-all = Too many codes were asked for in this hour. If your number opens an account, its code may still come: type it in then. Otherwise try again in { $minutes } min, or sign in by your password.
codes-too-fast = Too many codes were tried. Try again in { $seconds } s.
codes-locked = Too many wrong codes were typed for this number.
