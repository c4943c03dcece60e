-- What is booked stays booked: the database itself refuses to change or to remove a journal or a posting. A mistake is
-- mended by another journal.
CREATE TRIGGER journals_not_changed BEFORE UPDATE ON journals
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER journals_not_removed BEFORE DELETE ON journals
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER transactions_not_changed BEFORE UPDATE ON transactions
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
CREATE TRIGGER transactions_not_removed BEFORE DELETE ON transactions
  BEGIN SELECT RAISE(ABORT, 'bookings are never changed'); END;
