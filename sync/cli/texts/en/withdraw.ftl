# `holdfast withdraw`: what became of each job.

withdraw-done = + { $order } is open again
withdraw-not = ! { $order } is not withdrawn: { $why }
withdraw-none = + this provider has no job in hand
withdraw-more = ! there are more: run the same command again
