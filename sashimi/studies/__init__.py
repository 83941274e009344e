"""The studies, one folder each: questions with data, models and scores of their own."""
