# Why a notice is not written.

notice-person-unknown = 此账号不存在或已关闭。
notice-admin-has-no-inbox = 这是管理员，没有个人收件箱。请填写客户或服务商。
notice-too-many-to-one = 一小时内发给此人的通知过多。
notice-too-many-of-one = 您一小时内发出的通知过多。
