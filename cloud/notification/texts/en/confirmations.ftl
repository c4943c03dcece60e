# The mail that brings a code to an address which waits to be confirmed.

confirm-subject = Confirm your e-mail address
confirm-code = Holdfast: { $code } is the code that confirms this e-mail address. It is good for { $hours } hours, and once.
confirm-link = Sign in and confirm it here: { $link }
confirm-not-you = If you have not asked for it, do nothing: no news will be mailed here.

# The mail to the owner of an address with which a new account was registered.
known-subject = You have an account already
known-owner = Holdfast: a new account was registered with this e-mail address, which belongs to your account { $name }. The new one gets no mail here.
known-sign-in = To use your account, sign in as before: { $link }
known-not-you = If you forgot its password, choose “I forgot my password” there. If it was not you who registered, do nothing: nothing has changed.

# The mail to a person who forgot their password.
password-subject = Your code for a new password
password-code = Holdfast: { $code } is the code for a new password of your account { $name }. It is good for { $minutes } minutes, and once.
password-link = Set the new password here: { $link }
password-not-you = If you have not asked for it, do nothing: your password stays as it is. Give the code to nobody, not even to staff.
