-- People whom the edge knows too little to give them its last room, by its newest Ack.
ALTER TABLE edges ADD COLUMN newcomers_waiting INTEGER NOT NULL DEFAULT 0;
