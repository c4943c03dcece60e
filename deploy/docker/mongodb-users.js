// The server's image runs this once, on an empty volume: for each service on documents a user of its own database.
const passwords = {
  user: process.env.USER_DOCUMENTS_PASSWORD,
  review: process.env.REVIEW_DOCUMENTS_PASSWORD,
  notification: process.env.NOTIFICATION_DOCUMENTS_PASSWORD,
};
for (const [name, pwd] of Object.entries(passwords)) {
  const own = `${name}_db`;
  db.getSiblingDB(own).createUser({ user: name, pwd, roles: [{ role: "readWrite", db: own }] });
}
