# Why a notice is not written.

notice-person-unknown = There is no such account, or it is closed.
notice-admin-has-no-inbox = This is an admin, who has no inbox of their own. Name a customer or a provider.
notice-too-many-to-one = This person has been written to too often within an hour.
notice-too-many-of-one = You have written too many notices within an hour.
