# Said by this crate's own tests alone.

test-plain = All is well.
test-separator = { ", " }
test-filled = Order “{ $title }” ({ $code }) is done.
test-count =
    { $n ->
        [0] no orders
        [one] one order of { $whose }
       *[other] { $n } orders of { $whose }
    }
test-kind =
    { $kind ->
        [disk] The disk is full.
       *[other] Something else: { $kind }.
    }
test-inbox =
    .title = Done
    .content = { $n } done, { $n ->
            [one] one line
           *[other] many lines
        }.
test-lines =
    One line,
      another, { "" }
    and a third.
test-type = A word that Rust keeps for itself: { $type }
