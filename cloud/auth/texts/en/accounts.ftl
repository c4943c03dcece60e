# What an account needs. The numbers are those of `domain/account.rs`.

username-needs = 3 to 100 characters of a-z, 0-9, `.`, `_` and `-`.
email-needs = An address such as name@example.com.
account-needs = Your user name, or your e-mail address.
password-needs = 10 to 200 characters.
role-needs = `customer` or `provider`.
permissions-needs = At least one permission, and only of an admin's work.
change-needs = A method and a route, such as POST /api/v1/admin/roles.
search-needs = The beginning of a user name, or a whole email address or phone number.
region-needs = NORTH, SOUTH, EAST, WEST or MID.
factor-proof-needs = A password, a code or a passkey's answer.
