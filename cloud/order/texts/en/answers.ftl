# What a person hears whose command was taken.

order-published = Order published. It waits for review.
acceptance-waits = The region's own node decides who gets this job; you will hear shortly.

## What was done with an order, by its action

done-approve = Order approved. Providers can see it now.
done-reject = Order rejected.
done-accept = Order accepted.
done-withdraw = Acceptance withdrawn. The order is open again.
done-start = Work started.
done-complete = Work completed.
done-cancel = Order cancelled.
done-review = Order reviewed.
