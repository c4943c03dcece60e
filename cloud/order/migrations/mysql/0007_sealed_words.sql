-- Room for the words of people as they are sealed: about half as long again, and 60 more.
ALTER TABLE orders
  MODIFY COLUMN title VARCHAR(720) NOT NULL,
  MODIFY COLUMN description TEXT NOT NULL,
  MODIFY COLUMN address VARCHAR(1700) NOT NULL;
ALTER TABLE order_timeline MODIFY COLUMN reason VARCHAR(2800) NULL;
