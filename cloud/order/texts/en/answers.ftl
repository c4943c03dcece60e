# What a person hears whose command was taken.

order-published = Order published. It waits for review.
acceptance-waits = The region's own node decides who gets this job; you will hear shortly.
provider-booked = The provider already has another job at that time.

## What was done with an order, by its action

done-approve = Order approved. Providers can see it now.
done-reject = Order rejected.
done-accept = Order accepted.
done-withdraw = Acceptance withdrawn. The order is open again.
done-start = Work started.
done-complete = Work completed.
done-cancel = Order cancelled.
done-review = Order reviewed.
done-report = Report sent. The customer reads it in the order's history.
done-answer = Answer sent to the provider.
done-reschedule = Agreed. The order has its new time.
done-message = Sent.

## Why the platform closes an order

stale-unaccepted = No provider took this order in time, so it was closed.
stale-unapproved = No one approved this order in time, so it was closed. Publish it again if you still need it.

## What stands in an order whose sender left it out: its kind of work as its title, and this for the address

service-cleaning-repair = Cleaning and repair
service-it-technology = IT and technology
service-education-training = Education and training
service-life-health = Life and health
service-design-consulting = Design and consulting
service-other = Other
address-arranged = To be arranged with the customer
