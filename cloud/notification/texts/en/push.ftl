# Why a browser cannot be registered for pushes.

push-service-unknown = Notifications from the push service of this browser are not supported here.
push-key-invalid = This is not a key that a browser makes for notifications.
