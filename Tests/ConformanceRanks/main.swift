print("ranks")
