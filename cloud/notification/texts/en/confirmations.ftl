# The mail that brings a code to an address which waits to be confirmed.

confirm-subject = Confirm your e-mail address
confirm-code = Holdfast: { $code } is the code that confirms this e-mail address. It is good for { $hours } hours, and once.
confirm-link = Sign in and confirm it here: { $link }
confirm-not-you = If you have not asked for it, do nothing: no news will be mailed here.
