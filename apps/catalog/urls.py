"""Paths of catalog below `/v1/`."""

from django.urls import path

from apps.catalog.rest import entries, filters, imports, items, places

urlpatterns = [
    path("items", items.ItemsView.as_view()),
    path("items/bulk", imports.BulkView.as_view()),
    path("items/<path:item_id>", items.ItemView.as_view()),
    path("imports/<uuid:import_id>", imports.ImportView.as_view()),
    path("imports/<uuid:import_id>/errors", imports.ImportErrorsView.as_view()),
    path("stock", entries.StockView.as_view()),
    path("prices", entries.PricesView.as_view()),
    path("stores", places.StoresView.as_view()),
    path("categories", places.CategoriesView.as_view()),
    path("filters/check", filters.FilterCheckView.as_view()),
]
