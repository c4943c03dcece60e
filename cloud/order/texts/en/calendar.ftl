# What a person's calendar shows of a job.

calendar-job = { $code } · { $region } · { $status }. The address is in Holdfast.

## The states of a job that someone has accepted, with the names that the pages give them

calendar-accepted = Accepted
calendar-in-progress = In progress
calendar-completed = Completed
calendar-reviewed = Reviewed
calendar-cancelled = Cancelled
