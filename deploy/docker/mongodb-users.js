// The server's image runs this once, on an empty volume: a user for the one database of the notification service.
db.getSiblingDB("notification_db").createUser({
  user: "notification",
  pwd: process.env.NOTIFICATION_DOCUMENTS_PASSWORD,
  roles: [{ role: "readWrite", db: "notification_db" }],
});
