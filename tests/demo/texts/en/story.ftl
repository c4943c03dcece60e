# The steps of the story, in their order.

publish = a customer publishes a job in North
approve = an admin approves it; the node shows it
cut = the line between North and the cloud is cut
accept-offline = a tablet accepts at the node: kept, provisional, with a receipt
collide = another provider accepts the same job through the cloud
heal = the line comes back
outcomes = both hear the decision: one has the job, the other is told why not
record = the record names both, and node and cloud agree again
pay = the customer pays, by a double click: charged once, and the work may start
work = the provider starts and completes; both hear of it
review = the customer reviews, and the provider's rating follows
publish-again = a second job is open, and North may start it unpaid
work-offline = the line is cut once more; the tablet accepts, starts and completes
heal-again = the line comes back: all three stand, and everybody hears of them
pay-afterwards = the customer pays for work that is done, and reviews it
pay-out = both providers are paid, less the fee; every account adds up
pay-out-waits = left out: on this platform money waits three days for objections
