# `holdfast login`, `logout` and `token`.

password-of = { "Password of " }{ $user }{ ": " }
code-of-app = { "Code of your authenticator app, or a recovery code: " }
login-done = + { $user } ({ $role }) is signed in at { $url }
login-kept = kept in { $file }, and renewed for twelve hours
login-next = `holdfast status` shows the platform; `holdfast logout` ends the sign-in
login-no-admin = `holdfast token` prints the access token; the other commands need an admin
login-guesses = ! { $count ->
        [one] { $count } wrong password or code was
       *[other] { $count } wrong passwords or codes were
    } tried under this name at { $places ->
        [one] { $places } other place
       *[other] { $places } other places
    } since { $since }
logout-done = + no one is signed in at { $url } any more
logout-here-alone = the sign-in is forgotten on this machine; at the platform it ends by itself within twelve hours
