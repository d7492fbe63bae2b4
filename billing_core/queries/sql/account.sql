-- The account of a person, asked by the installation itself; password_hash is never selected here.
select user_id, email, name from user_account where user_id = :user_id
