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

## How a job repeats

repeat-rule-unknown = Give a rule such as FREQ=WEEKLY;BYDAY=TU;COUNT=8: daily, weekly or monthly.
repeat-end-wrong = Say how often the job repeats or until when, one of the two.
repeat-first-not-in-rule = The first date is not one of the days on which the job repeats.
repeat-too-few = A job that repeats takes place at least twice.
repeat-too-many = A job repeats at most { $most } times. Publish the rest later.
repeat-too-long = The last date is at most a year after the first.
repeat-overlapping = One date begins before the one before has ended.
repeat-time-zone-unknown = Name a time zone such as Asia/Shanghai.
repeat-without-hours = A job that repeats needs an hour at which it begins, and takes less than a day.

## Who assigns a region

epoch-passed = This node is in a newer epoch.
epoch-missing = Name the node's epoch as its status shows it.
holder-unknown = No node of this name is enrolled in this region.
holder-missing = Name the node of this epoch.
price-cap-empty = The highest price must be above zero.
policy-without-holder = Only a region of the policy `exclusive` has a holder.
offer-unverified = One of these providers is not verified.
offer-booked = One of these providers has another job at that time.
