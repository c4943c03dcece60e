# What an inbox line about the person says.

user-readmitted =
    .title = You are let in again
    .content = An administrator has let your account in again.

profile-verified =
    .title = You are verified
    .content = An administrator has verified your profile. You can accept jobs now.

profile-verification-rejected =
    .title = You are not verified
    .content = An administrator has not verified you, or has taken your verification back.

profile-more-asked =
    .title = More is needed to verify you
    .content = An administrator asks for more. Add it on the page of your profile, then hand it in again.

profile-verification-submitted-admin =
    .title = A provider waits to be verified
    .content = A provider has handed in certificates. They wait for an administrator's decision.

user-address-change-asked =
    .title = Another e-mail address was asked for
    .content = Your account is to get another e-mail address, once a code from there confirms it. If that was not you, change your password now: it ends the request.

user-password-changed =
    .title = Your password was changed
    .content = All other devices were signed out. If that was not you, ask your operator for a code that sets a new password.

user-new-device-seen =
    .title = Your account was opened on a new device
    .content = Somebody signed in from a device or a network that your account had not used before. If that was not you, end all other sign-ins on the page of your account, and change your password.

user-new-device-seen-admin =
    .title = An administrator's account was opened on a new device
    .content = Somebody signed in to it from a device or a network that it had not used before. If no colleague did, check the administrators' accounts now.

user-second-factor-removed-admin =
    .title = A second factor was removed
    .content = An administrator removed a colleague's second factor. If no colleague lost theirs, check the administrators' accounts now.

user-deletion-asked =
    .title = Your account is to be deleted
    .content = You can undo this on the page of your account, which also shows the day. If it was not you, undo it there and change your password now.

user-deletion-undone =
    .title = Your account stays
    .content = The deletion of your account was undone.
