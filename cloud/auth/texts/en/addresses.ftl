# Confirming an address by the code that a mail brings.

address-code-needs = The sixteen characters of the mail.
address-mails = At most { $most } mails an hour are sent to confirm an address. Try again in { $minutes } min.
password-mails = Too many codes for a new password were asked for. One that was mailed before is good for half an hour; otherwise try again in { $minutes } min.
address-taken = Another account here has this address.
name-taken = This user name is taken.
