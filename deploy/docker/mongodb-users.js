// The server's image runs this once, on an empty volume: for each service on documents a user of its own database.
const passwords = {
  user: process.env.USER_DOCUMENTS_PASSWORD,
  review: process.env.REVIEW_DOCUMENTS_PASSWORD,
  notification: process.env.NOTIFICATION_DOCUMENTS_PASSWORD,
};
// `migrate` signs in as these users too. To change the rules of a collection that is there, it needs the second role.
const roles = ["readWrite", "dbAdmin"];
for (const [name, pwd] of Object.entries(passwords)) {
  const own = `${name}_db`;
  db.getSiblingDB(own).createUser({ user: name, pwd, roles: roles.map((role) => ({ role, db: own })) });
}
