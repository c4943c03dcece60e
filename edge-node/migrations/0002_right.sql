-- The region's right to assign, as the feed told of it: its newest word, and the fence under which
-- this edge holds it. `feed_open` says whether an order was open in the version that the feed itself
-- has brought last, which a grant is compared with; absent where nothing but the order can tell.
ALTER TABLE edge ADD COLUMN assignment BLOB;
ALTER TABLE edge ADD COLUMN held_fence INTEGER;
ALTER TABLE edge ADD COLUMN fence_proven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edge ADD COLUMN highest_fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN feed_open INTEGER;
