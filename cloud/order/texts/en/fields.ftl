# What is wrong with a field of a request.

code-no-code = Give a code such as N-7F3K9Q.
status-out-of-reach = You cannot bring the order to this status.
price-range-empty = The highest price must not be below the lowest.
time-range-empty = The end must come after the beginning.
too-much-to-export = There are more than { $most } orders. Choose a shorter time.
cursor-of-other-order = This cursor is of the list in another order.
too-many-open-orders = You have { $most } open orders, and one customer may have no more. Cancel one that you no longer need, or wait until one is done.
text-too-long = Search for at most { $most } characters.
fee-above-the-whole = A fee is at most the whole price: 10000 basis points.
notice-too-long = The notice is at most 720 hours.

## Who assigns a region

epoch-passed = This node is in a newer epoch.
epoch-missing = Name the node's epoch as its status shows it.
holder-unknown = No node of this name is enrolled in this region.
holder-missing = Name the node of this epoch.
price-cap-empty = The highest price must be above zero.
policy-without-holder = Only a region of the policy `exclusive` has a holder.
