# What a page hears whose request is refused.

csrf-header = Send the session's `csrf_token` in the header `X-CSRF-Token`.
own-page = A sign-in, and a change by cookie, must come from a page of this origin.
