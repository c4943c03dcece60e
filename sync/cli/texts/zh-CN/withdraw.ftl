# `holdfast withdraw`: what became of each job.

withdraw-done = + { $order } 已重新开放
withdraw-not = ! { $order } 未撤回：{ $why }
withdraw-none = + 该服务商手上没有工作
withdraw-more = ! 还有未撤回的工作：请再次运行同一命令
