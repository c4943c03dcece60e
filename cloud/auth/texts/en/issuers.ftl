# Signing in at another service, which its label names.

issuer-away = { $label } does not answer. Try again in a moment, or sign in by your password.
issuer-refused = The answer of { $label } is not good for this sign-in. Begin again.
email-elsewhere = The email address that { $label } names belongs to another account here. Sign in to that one by its password; on its account page you can link { $label }.
