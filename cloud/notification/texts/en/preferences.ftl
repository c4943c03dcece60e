# Why preferences cannot be kept as they are.

time-zone-unknown = This is no time zone. Give its name, such as Asia/Shanghai.
hour-out-of-range = An hour is 0 to 23.

# The subject of a digest.
digest-title = { $unread ->
    [one] You have 1 unread notice
   *[other] You have { $unread } unread notices
}

## The few words of short channels. Plain letters alone: any other makes a text message shorter by half.

brief-of-order = Order { $code }. More in your inbox.
brief-elsewhere = More in your inbox.
text-message = Holdfast: { $title }. { $brief }
# In the place of a title that somebody wrote.
brief-notice-title = You have a message
